namespace KVCluster.Inference.Models.Gguf;

/// <summary>Typed access to the metadata of a model: a value of another kind or out of range is an error that names the key.</summary>
internal sealed class GgufMetadata(GgufFile file, string architecture)
{
    public string Architecture { get; } = architecture;

    public bool Has(string key) => file.Metadata.ContainsKey(Full(key));

    public int Size(string key, int maximum) => OptionalSize(key, maximum) ?? throw Fault($"metadata '{Full(key)}' is missing");

    /// <summary>A number from 1 to <paramref name="maximum"/>. Keys that start with a dot are the architecture's own.</summary>
    public int? OptionalSize(string key, int maximum) => Find(key) switch
    {
        null => null,
        object value when Integer(value) is long size && size >= 1 && size <= maximum => (int)size,
        object other => throw Wrong(key, other, $"an integer from 1 to {maximum}"),
    };

    public long? OptionalInteger(string key) => Find(key) switch
    {
        null => null,
        object value when Integer(value) is long number => number,
        object other => throw Wrong(key, other, "an integer"),
    };

    public double? OptionalPositive(string key) => Find(key) switch
    {
        null => null,
        float number when float.IsFinite(number) && number > 0 => number,
        double number when double.IsFinite(number) && number > 0 => number,
        object value when Integer(value) is long number and > 0 => number,
        object other => throw Wrong(key, other, "a positive number"),
    };

    public string? OptionalText(string key) => Find(key) switch
    {
        null => null,
        string text => text,
        object other => throw Wrong(key, other, "a string"),
    };

    public string[]? OptionalTexts(string key) => Find(key) switch
    {
        null => null,
        string[] texts => texts,
        object other => throw Wrong(key, other, "an array of strings"),
    };

    public ModelFormatException Fault(string fault) => new(file.Path, fault);

    private object? Find(string key) => file.Metadata.GetValueOrDefault(Full(key));

    private string Full(string key) => key.StartsWith('.') ? Architecture + key : key;

    private static long? Integer(object value) => value switch
    {
        byte n => n,
        sbyte n => n,
        ushort n => n,
        short n => n,
        uint n => n,
        int n => n,
        ulong n => n <= long.MaxValue ? (long)n : null,
        long n => n,
        _ => null,
    };

    private ModelFormatException Wrong(string key, object value, string expected)
    {
        string shown = value switch
        {
            Array array => $"an array of {array.Length}",
            string text => $"'{text[..Math.Min(text.Length, 40)]}'",
            _ => FormattableString.Invariant($"{value}"),
        };
        return Fault($"metadata '{Full(key)}' is {shown} where {expected} was expected");
    }
}
