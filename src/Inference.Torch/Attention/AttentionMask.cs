using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>Which slots each query of each lane sees, and what is added to their logits.</summary>
/// <param name="Ends">[lanes, T]: behind the last slot a query sees.</param>
/// <param name="FirstEnd">The smallest of them: slots before it need no look.</param>
internal sealed record AttentionMask(Tensor Ends, int FirstEnd)
{
    /// <summary>[lanes, T]: the first slot a query sees; null: 0.</summary>
    public Tensor? Begins { get; init; }

    /// <summary>[lanes, S] true where a slot takes no part; null: none.</summary>
    public Tensor? Hidden { get; init; }

    /// <summary>[lanes, S] added to logits; null: nothing.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>Some query may see nothing at all; its output and attention are 0.</summary>
    public bool MayBeEmpty { get; init; }

    /// <summary>Slots from which on <see cref="Blocked"/> speaks.</summary>
    public int Start => Begins is null && Hidden is null ? FirstEnd : 0;

    /// <summary>[lanes, count, S - Start]: true where a query of [first, first + count) does not see a slot; null where all see all.</summary>
    public Tensor? Blocked(long slots, long first, long count)
    {
        if (Start >= slots)
        {
            return null;
        }

        Tensor columns = arange(Start, slots, ScalarType.Int64, Ends.device);
        Tensor blocked = columns.ge(Ends.narrow(1, first, count).unsqueeze(-1));
        if (Begins is not null)
        {
            blocked = blocked.logical_or_(columns.lt(Begins.narrow(1, first, count).unsqueeze(-1)));
        }

        return Hidden is null ? blocked : blocked.logical_or_(Hidden.unsqueeze(1));
    }
}
