using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>What takes part in a migration: a grain, or a service that asked its activation to.</summary>
public interface IGrainMigrationParticipant
{
    /// <summary>Writes what is to travel. Called after <see cref="IGrainBase.OnDeactivateAsync"/>.</summary>
    void OnDehydrate(IDehydrationContext dehydrationContext);

    /// <summary>Takes what travelled. Called before <see cref="IGrainBase.OnActivateAsync"/>, and only for a migration.</summary>
    void OnRehydrate(IRehydrationContext rehydrationContext);
}

/// <summary>What an activation sends to its next place.</summary>
public interface IDehydrationContext
{
    /// <summary>The keys written.</summary>
    IEnumerable<string> Keys { get; }

    /// <summary>Writes bytes.</summary>
    void AddBytes(string key, ReadOnlySpan<byte> value);

    /// <summary>Writes a value, copied as an argument of a call is; false when it cannot be sent.</summary>
    bool TryAddValue<T>(string key, T? value);
}

/// <summary>What an activation got from its last place.</summary>
public interface IRehydrationContext
{
    /// <summary>The keys there are.</summary>
    IEnumerable<string> Keys { get; }

    /// <summary>Reads bytes; false when there are none by this key.</summary>
    bool TryGetBytes(string key, out System.Buffers.ReadOnlySequence<byte> value);

    /// <summary>Reads a value; false when there is none of this key and type.</summary>
    bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value);
}
