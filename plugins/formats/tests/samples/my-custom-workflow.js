const customWorkflow = {
  id: 'my_custom_workflow',
  name: 'My Custom Workflow',
  description: 'Custom workflow description',
  version: '1.0.0',
  steps: [
    {
      id: 'step_1',
      name: 'First Step',
      type: 'analysis',
      agent: 'claude-code',
      dependencies: [],
      timeout: 60000,
      retry_count: 3,
      parallel: false,
      config: {
        // Step-specific configuration
      }
    }
    // ... more steps
  ],
  error_handling: {
    strategy: 'retry_with_fallback',
    max_retries: 3,
    fallback_agents: ['goose', 'aider']
  }
};
