// Kernels keep every core busy; side by side they would only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
