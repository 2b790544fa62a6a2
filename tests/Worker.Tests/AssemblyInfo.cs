// Every test here runs a model on all cores: two at once would only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
