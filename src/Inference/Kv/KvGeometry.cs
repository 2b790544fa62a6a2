namespace KVCluster.Inference.Kv;

/// <summary>
/// Shape of a model's KV cache and of the pages that hold it. A page holds <see cref="PageTokens"/> rows of one KV head of one layer, keys
/// or values: [PageTokens, HeadSize] row-major in the element type; for <see cref="KvElementType.Int8"/> then [PageTokens] float scales. A
/// bias page, of the same size, holds <see cref="BiasSlots"/> floats, one attention bias a slot of one (layer, KV head).
/// </summary>
/// <param name="Layers">Layers, L.</param>
/// <param name="KvHeads">KV heads a layer.</param>
/// <param name="HeadSize">Numbers a row, d.</param>
/// <param name="ElementType">How numbers are stored.</param>
/// <param name="PageTokens">Rows a page, P: a multiple of 16.</param>
public sealed record KvGeometry(int Layers, int KvHeads, int HeadSize, KvElementType ElementType, int PageTokens = 32)
{
    private const int Alignment = 64;

    /// <summary>Layers, L.</summary>
    public int Layers { get; } = Positive(Layers, nameof(Layers));

    /// <summary>KV heads a layer.</summary>
    public int KvHeads { get; } = Positive(KvHeads, nameof(KvHeads));

    /// <summary>Numbers a row, d.</summary>
    public int HeadSize { get; } = Positive(HeadSize, nameof(HeadSize));

    /// <summary>How numbers are stored.</summary>
    public KvElementType ElementType { get; } = Enum.IsDefined(ElementType)
        ? ElementType
        : throw new ArgumentOutOfRangeException(nameof(ElementType), ElementType, "no such KV element type");

    /// <summary>Rows a page, P.</summary>
    public int PageTokens { get; } = PageTokens > 0 && PageTokens % 16 == 0
        ? PageTokens
        : throw new ArgumentOutOfRangeException(nameof(PageTokens), PageTokens, "tokens a page must be a positive multiple of 16");

    /// <summary>Bytes of one row of numbers; int8 scales lie apart.</summary>
    public int RowBytes { get; } = checked(Positive(HeadSize, nameof(HeadSize)) * ElementBytes(ElementType));

    /// <summary>Bytes of the scale of one row: 4 for int8, else 0.</summary>
    public int ScaleBytes => ElementType == KvElementType.Int8 ? sizeof(float) : 0;

    /// <summary>Where the [PageTokens] scales of an int8 page begin, in bytes from the page's start.</summary>
    public int ScaleOffset => PageTokens * RowBytes;

    /// <summary>Bytes of a page, a multiple of 64 so that every page is aligned to a cache line.</summary>
    public int PageBytes => checked(((PageTokens * (RowBytes + ScaleBytes)) + Alignment - 1) / Alignment * Alignment);

    /// <summary>Slots whose attention bias one bias page holds.</summary>
    public int BiasSlots => PageBytes / sizeof(float);

    /// <summary>(layer, KV head) pairs, L * Hkv.</summary>
    public int Heads => checked(Layers * KvHeads);

    /// <summary>Bytes of one token in a structured cache, keys and values of all layers and heads, without page rounding.</summary>
    public long BytesPerToken => (long)Heads * 2 * (RowBytes + ScaleBytes);

    /// <summary>Pages that hold this many rows of one head, keys or values alone.</summary>
    public int PagesForRows(int rows) => (int)(((long)rows + PageTokens - 1) / PageTokens);

    /// <summary>Pages that hold the biases of this many slots of one head.</summary>
    public int PagesForBiases(int slots) => (int)(((long)slots + BiasSlots - 1) / BiasSlots);

    private static int ElementBytes(KvElementType type) => type switch
    {
        KvElementType.F32 => sizeof(float),
        KvElementType.BF16 => sizeof(ushort),
        KvElementType.Int8 => sizeof(sbyte),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such KV element type"),
    };

    private static int Positive(int value, string name) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be positive");
}
