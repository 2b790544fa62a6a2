using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch.Memory;

namespace KVCluster.Inference.Torch;

/// <content>Steps, and what happens when the device's memory does not suffice for one.</content>
public sealed partial class TorchBackend
{
    /// <summary>Called before each pass over the layers with its rows; tests make it fail.</summary>
    internal Action<int>? BeforePass { get; set; }

    /// <summary>Called before observed attention takes more memory; tests make it fail.</summary>
    internal Action? BeforeObservationGrows
    {
        set => _pool.BeforeGrow = value;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Where activations find no room beside the arena, the step is cut in halves, down to one token. Where even that does not fit,
    /// <see cref="ArenaFullException"/> says so, and every cache is as it was, but for observed attention of the halves that ran.
    /// </remarks>
    public void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ForwardCheck.Validate(batch, this);
        foreach (ForwardRequest request in batch)
        {
            Owned(request.Cache);
        }

        Prepare(batch);
        int[] lengths = [.. batch.Select(r => r.Cache.LogicalLength)];
        try
        {
            RunOrCut(batch);
        }
        catch
        {
            for (int i = 0; i < batch.Count; i++)
            {
                batch[i].Cache.Truncate(lengths[i]);
            }

            throw;
        }
    }

    private static void Prepare(IReadOnlyList<ForwardRequest> batch)
    {
        int prepared = 0;
        try
        {
            for (; prepared < batch.Count; prepared++)
            {
                batch[prepared].Cache.PrepareAppend(batch[prepared].Tokens.Length);
            }
        }
        catch (ArenaFullException)
        {
            for (int i = 0; i < prepared; i++)
            {
                batch[i].Cache.Truncate(batch[i].Cache.LogicalLength);
            }

            throw;
        }
    }

    private void RunOrCut(IReadOnlyList<ForwardRequest> batch)
    {
        try
        {
            BeforePass?.Invoke(batch.Sum(r => r.Tokens.Length));
            _forward.Run(batch);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            Cut(batch);
            return;
        }

        foreach (ForwardRequest request in batch)
        {
            request.Cache.CommitAppend(request.Tokens.Length);
        }
    }

    private void Cut(IReadOnlyList<ForwardRequest> batch)
    {
        if (batch.Count > 1)
        {
            RunOrCut([.. batch.Take(batch.Count / 2)]);
            RunOrCut([.. batch.Skip(batch.Count / 2)]);
            return;
        }

        ForwardRequest request = batch[0];
        int tokens = request.Tokens.Length;
        if (tokens == 1 || request.Trace is not null)
        {
            throw new ArenaFullException(1, Pool.Ledger.Snapshot());
        }

        int half = tokens / 2;
        int wanted = request.Logits == LogitsRows.All ? half * Model.VocabularySize : 0;
        RunOrCut([new ForwardRequest(request.Cache)
        {
            Tokens = request.Tokens[..half],
            Logits = request.Logits == LogitsRows.All ? LogitsRows.All : LogitsRows.None,
            LogitsDestination = request.LogitsDestination[..wanted],
        }]);
        RunOrCut([new ForwardRequest(request.Cache)
        {
            Tokens = request.Tokens[half..],
            Logits = request.Logits,
            LogitsDestination = request.LogitsDestination[wanted..],
        }]);
    }

    /// <summary>A device without memory is pressure to whoever asked, as a full arena is.</summary>
    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            throw new ArenaFullException(1, Pool.Ledger.Snapshot());
        }
    }
}
