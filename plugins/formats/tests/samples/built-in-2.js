{
  id: 'hotfix_deployment',
  steps: [
    'validate_hotfix',   // Quick validation
    'emergency_tests',   // Emergency test suite
    'deploy_production'  // Deploy to production
  ]
}
