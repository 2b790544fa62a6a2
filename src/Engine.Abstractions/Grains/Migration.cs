using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A grain that takes more along on a migration than its states.</summary>
public interface IGrainMigrationParticipant
{
    /// <summary>Writes what is to travel. Called after <see cref="Grain.OnDeactivateAsync"/>.</summary>
    void OnDehydrate(IDehydrationContext dehydrationContext);

    /// <summary>Takes what travelled. Called before <see cref="Grain.OnActivateAsync"/>, and only for a migration.</summary>
    void OnRehydrate(IRehydrationContext rehydrationContext);
}

/// <summary>What an activation sends to its next place.</summary>
public interface IDehydrationContext
{
    /// <summary>Writes a value, copied as an argument of a call is; false when it cannot be sent.</summary>
    bool TryAddValue<T>(string key, T? value);
}

/// <summary>What an activation got from its last place.</summary>
public interface IRehydrationContext
{
    /// <summary>Reads a value; false when there is none of this key and type.</summary>
    bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value);
}
