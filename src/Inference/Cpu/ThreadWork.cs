namespace KVCluster.Inference.Cpu;

/// <summary>Pieces of work that are told their index and the thread they run on.</summary>
internal sealed class ThreadWork(Action<int, int> piece) : IIndexedWork
{
    public void Run(int index, int thread) => piece(index, thread);
}
