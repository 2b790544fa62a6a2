// Every cluster here runs models or many activations: two at once would only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
