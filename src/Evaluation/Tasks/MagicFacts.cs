namespace KVCluster.Evaluation.Tasks;

/// <summary>What is hidden in a haystack: values of keys, and how they are told and asked for.</summary>
internal sealed class MagicFacts(TaskRandom random, MagicValueKind kind)
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _values = new(StringComparer.Ordinal);

    /// <summary>Keys drawn so far.</summary>
    public IReadOnlySet<string> Keys => _keys;

    private string Noun => kind == MagicValueKind.Number ? "number" : "code";

    /// <summary>What stands above the haystack.</summary>
    public string Introduction => $"Special magic {Noun}s are hidden in the text below. Keep them in mind: you will be asked about them.";

    /// <summary>A key that was not drawn before.</summary>
    public string Key()
    {
        while (true)
        {
            string key = $"{random.Pick(WordLists.Adjectives)}-{random.Pick(WordLists.Nouns)}";
            if (_keys.Add(key))
            {
                return key;
            }
        }
    }

    /// <summary>A value that was not drawn before; all are equally long, so none is part of another.</summary>
    public string Value()
    {
        while (true)
        {
            string value = kind == MagicValueKind.Number
                ? $"{random.Between(1_000_000, 9_999_999)}"
                : $"{random.Next(0x10000):x4}-{random.Next(0x10000):x4}-{random.Next(0x10000):x4}";
            if (_values.Add(value))
            {
                return value;
            }
        }
    }

    /// <summary>The sentence that is hidden.</summary>
    public string Sentence(string key, string value) => $"One special magic {Noun} for {key} is {value}.";

    /// <summary>A question about all values of some keys.</summary>
    public DraftQuestion Ask(IReadOnlyList<string> keys, IReadOnlyList<string> values)
    {
        string names = Join(keys);
        (string noun, string verb, string each) = values.Count == 1 ? (Noun, "is", "") : ($"{Noun}s", "are", "all ");
        return new DraftQuestion(
            $"\nWhat {verb} {each}the special magic {noun} for {names} in the text above?",
            $"In the text above, the special magic {noun} for {names} {verb}",
            values,
            " " + string.Join(", ", values) + ".");
    }

    private static string Join(IReadOnlyList<string> names) =>
        names.Count == 1 ? names[0] : string.Join(", ", names.SkipLast(1)) + " and " + names[^1];
}
