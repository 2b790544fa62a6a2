// One model at a time: the machine's cores are shared, and so is the backend.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
