using KVCluster.Evaluation.Running;
using KVCluster.TestSupport;
using KVCluster.Worker;

namespace KVCluster.Evaluation.Tests;

/// <summary>The bundled model, opened once for all tests that need one.</summary>
public sealed class NeedleFixture : IDisposable
{
    public LocalModel Model { get; } = LocalModel.Open(
        TestPaths.Needle, new LocalModelOptions { ContextTokens = EvaluationRunner.ArenaTokens(1024), Threads = 2 });

    public void Dispose() => Model.Dispose();
}

[CollectionDefinition(Name)]
public sealed class NeedleGroup : ICollectionFixture<NeedleFixture>
{
    public const string Name = "needle model";
}
