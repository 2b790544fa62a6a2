namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>A dictionary in order of insertion. Keys keep their marks, and are found by their text.</summary>
internal sealed class TemplateDictionary
{
    private readonly List<(MarkedString Key, object? Value)> _entries = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    public IReadOnlyList<(MarkedString Key, object? Value)> Entries => _entries;

    /// <summary>Sets an entry; one that is there keeps its place.</summary>
    public void Set(MarkedString key, object? value)
    {
        if (_places.TryAdd(key.Text, _entries.Count))
        {
            _entries.Add((key, value));
        }
        else
        {
            int place = _places[key.Text];
            _entries[place] = (_entries[place].Key, value);
        }
    }

    public bool TryGet(string key, out object? value)
    {
        bool found = _places.TryGetValue(key, out int place);
        value = found ? _entries[place].Value : null;
        return found;
    }
}
