namespace Orleans.Runtime;

/// <summary>The identity of a grain: its type and its key, written <c>type/key</c>.</summary>
public readonly record struct GrainId
{
    private GrainId(GrainType type, IdSpan key)
    {
        Type = type;
        Key = key;
    }

    /// <summary>The type.</summary>
    public GrainType Type { get; }

    /// <summary>The key within the type.</summary>
    public IdSpan Key { get; }

    /// <summary>The identity of a type's name and a key.</summary>
    public static GrainId Create(string type, string key) => Create(GrainType.Create(type), key);

    /// <summary>The identity of a type and a key.</summary>
    public static GrainId Create(GrainType type, string key) => new(type, IdSpan.Create(key));

    /// <inheritdoc/>
    public override string ToString() => $"{Type}/{Key}";
}
