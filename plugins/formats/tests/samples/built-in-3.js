{
  id: 'feature_integration',
  steps: [
    'feature_analysis',      // Analyze feature impact
    'integration_tests',     // Integration testing
    'compatibility_check',   // Compatibility verification (parallel)
    'performance_benchmark'  // Performance benchmarking
  ]
}
