// Metrics are a process's: tests that read them must not see each other's servers.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
