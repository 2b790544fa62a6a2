namespace KVCluster.Backend.Conformance;

/// <summary>Stands for the torch suites in a build without them, so that a run says that they were left out.</summary>
public sealed class TorchNotBuilt
{
    [Fact(Skip = "built without -p:Backend=torch: the torch backend is not tested (docs/torch-backend.md)")]
    public void The_suite_runs_on_the_torch_backend()
    {
    }
}
