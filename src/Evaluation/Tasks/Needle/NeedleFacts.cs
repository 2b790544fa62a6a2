namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>Draws facts that never contradict each other within one document, as training/tasks.py does.</summary>
internal sealed class NeedleFacts
{
    // Numbers are drawn twice as often as the others.
    private static readonly NeedleValueKind[] s_kinds =
        [NeedleValueKind.Number, NeedleValueKind.Number, NeedleValueKind.Word, NeedleValueKind.Id];

    private readonly TaskRandom _random;
    private readonly HashSet<(string Attribute, string Key)> _used = [];
    private readonly List<string> _keys = [];
    private readonly Stack<string> _names;

    public NeedleFacts(TaskRandom random)
    {
        _random = random;
        _names = new Stack<string>(random.Shuffled(WordLists.ValueWords));
    }

    /// <summary>Whether training never saw a key: one in ten. Only such keys are asked for.</summary>
    public static bool IsHeldOut(string key) => Crc32.Of(key) % 10 == 0;

    /// <summary>A fact. Its value may be hidden in no other fact's.</summary>
    public NeedleFact Fact(bool heldOut = false)
    {
        NeedleValueKind kind = _random.Pick(s_kinds);
        (string attribute, string key) = Subject(kind, heldOut);
        return new NeedleFact(attribute, key, Value(kind));
    }

    /// <summary>Several values of one key, told apart by the time of day.</summary>
    public NeedleFact[] Series(int count, bool heldOut = false)
    {
        NeedleValueKind kind = _random.Pick(s_kinds);
        (string attribute, string key) = Subject(kind, heldOut);
        return [.. NeedleWording.Moments.Take(count).Select(m => new NeedleFact(attribute, key, Value(kind), m))];
    }

    /// <summary>A chain of variables, the one asked for first, and the number at its end; null where names are used up.</summary>
    public (string Name, string[] Sentences, string Value)? Chain(int hops)
    {
        if (_names.Count < hops)
        {
            return null;
        }

        string[] names = [.. Enumerable.Range(0, hops).Select(_ => _names.Pop())];
        string value = Value(NeedleValueKind.Number);
        return (names[0], [.. names.Select((n, i) => $"Variable {n} equals {(i + 1 < hops ? names[i + 1] : value)}.")], value);
    }

    private (string Attribute, string Key) Subject(NeedleValueKind kind, bool heldOut)
    {
        IReadOnlyList<string> attributes = NeedleWording.Attributes.First(a => a.Kind == kind).Names;
        while (true)
        {
            (string, string) subject = (_random.Pick(attributes), Key(heldOut));
            if (_used.Add(subject))
            {
                _keys.Add(subject.Item2);
                return subject;
            }
        }
    }

    /// <summary>A key; now and then one that shares a word with an earlier one, so that half a match is not enough.</summary>
    private string Key(bool heldOut)
    {
        if (!heldOut && _keys.Count > 0 && _random.Chance(0.3))
        {
            string[] parts = _random.Pick(_keys).Split('-');
            string key = _random.Next(3) switch
            {
                0 => $"{parts[0]}-{_random.Pick(WordLists.Nouns)}",
                1 => $"{_random.Pick(WordLists.Adjectives)}-{parts[1]}",
                _ => $"{parts[0]}-{parts[1]}",
            };
            if (!IsHeldOut(key))
            {
                return key;
            }
        }

        while (true)
        {
            string key = _random.Chance(0.1)
                ? $"{InventedWords.Spoken(_random)}-{InventedWords.Spoken(_random)}"
                : $"{_random.Pick(WordLists.Adjectives)}-{_random.Pick(WordLists.Nouns)}";
            if (IsHeldOut(key) == heldOut)
            {
                return key;
            }
        }
    }

    private string Value(NeedleValueKind kind) => kind switch
    {
        NeedleValueKind.Number => $"{_random.Between(10_000, 99_999)}",
        NeedleValueKind.Id => $"{_random.Next(0x10000):x4}-{_random.Next(0x10000):x4}",
        _ => _random.Chance(0.1) ? InventedWords.Spoken(_random) : _random.Pick(WordLists.ValueWords),
    };
}
