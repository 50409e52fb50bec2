{
  id: 'pr_processing',
  steps: [
    'analyze_pr',      // Analyze pull request
    'generate_tasks',  // Generate AI tasks
    'deploy_branch',   // Deploy PR branch
    'validate_code',   // Validate code quality (parallel)
    'run_tests',       // Execute test suite (parallel)
    'security_audit'   // Security audit
  ]
}
