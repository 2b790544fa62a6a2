namespace KVCluster.Storage;

/// <summary>
/// How rows are written in frames. A codec that would not make an element type narrower leaves it as it is: int8 rows stay int8 under all
/// but <see cref="Int4"/>. Errors are per number, against what the arena held; where the arena is bf16, its own rounding of the decoded
/// number (2^-8 of it) is added.
/// </summary>
public enum SnapshotCodec
{
    /// <summary>As in the arena. Lossless, and the only one that moves between arena and store without a copy.</summary>
    Raw = 0,

    /// <summary>As in the arena, the exponents of f32 and bf16 in a Huffman code. Lossless.</summary>
    Packed = 1,

    /// <summary>bfloat16: an error of at most 2^-8 of the number.</summary>
    BFloat16 = 2,

    /// <summary>bfloat16 with packed exponents.</summary>
    PackedBFloat16 = 3,

    /// <summary>Signed bytes with a scale for each row of each head: at most 1/254 of the row's largest number.</summary>
    Int8 = 4,

    /// <summary>
    /// 4-bit numbers with a least value and a step for each 32: keys along the slots of a channel, the first 4 slots apart; values along the
    /// row. At most 1/29 of the distance between the group's largest and smallest number, of which 2^-7 of the smallest is added to the
    /// distance. 5 was the same in groups of 64: a copy that has it is a miss.
    /// </summary>
    Int4 = 6,
}
