namespace Orleans.Runtime;

/// <summary>Values that flow with calls, from caller to callee and on. A change made by a callee does not flow back.</summary>
public static class RequestContext
{
    private const string ReentrancyKey = "#CCR";

    private static readonly AsyncLocal<Dictionary<string, object>?> Values = new();

    // The dictionary is never changed once set, so callers and callees share it.
    internal static Dictionary<string, object>? Current
    {
        get => Values.Value;
        set => Values.Value = value;
    }

    /// <summary>Until disposed, calls made on from here may come back into the grain that called this, between its own awaits.</summary>
    public static ReentrancySection AllowCallChainReentrancy()
        => new(ReentrancyIdOf(Current) is var id && id == Guid.Empty ? Guid.NewGuid() : id);

    /// <summary>Until disposed, calls made on from here may not come back.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => new(Guid.Empty);

    /// <summary>The value of a key, or null.</summary>
    public static object? Get(string key) => Current?.GetValueOrDefault(key);

    /// <summary>Sets the value of a key for the calls made from here on.</summary>
    public static void Set(string key, object value) => Current = new Dictionary<string, object>(Current ?? []) { [key] = value };

    /// <summary>Removes a key; false when it was not set.</summary>
    public static bool Remove(string key)
    {
        var values = new Dictionary<string, object>(Current ?? []);
        var removed = values.Remove(key);
        Current = values.Count == 0 ? null : values;
        return removed;
    }

    /// <summary>The identity of the call chain that may come back into a grain; empty when none may.</summary>
    internal static Guid ReentrancyIdOf(Dictionary<string, object>? values)
        => values is not null && values.TryGetValue(ReentrancyKey, out var value) && value is Guid id ? id : Guid.Empty;

    /// <summary>A stretch of code whose calls may, or may not, come back into the grain. Dispose it to end the stretch.</summary>
    public readonly struct ReentrancySection : IDisposable
    {
        private readonly Guid _original = ReentrancyIdOf(RequestContext.Current);
        private readonly Guid _current;

        internal ReentrancySection(Guid current)
        {
            _current = current;
            SetReentrancyId(current);
            if (_current != Guid.Empty)
            {
                RuntimeContext.Current?.EnterReentrantSection(_current);
            }
        }

        /// <summary>Ends the stretch.</summary>
        public void Dispose()
        {
            if (_current != Guid.Empty)
            {
                RuntimeContext.Current?.LeaveReentrantSection(_current);
            }

            SetReentrancyId(_original);
        }

        private static void SetReentrancyId(Guid id)
        {
            if (id == Guid.Empty)
            {
                Remove(ReentrancyKey);
            }
            else
            {
                Set(ReentrancyKey, id);
            }
        }
    }
}
