namespace Orleans.Runtime;

/// <summary>Marks a constructor's parameter as a state kept by a grain storage.</summary>
/// <param name="stateName">The state's name within the grain.</param>
/// <param name="storageName">The storage's name; the default storage when null.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
{
    /// <summary>The state's name within the grain.</summary>
    public string StateName { get; } = stateName ?? throw new ArgumentNullException(nameof(stateName));

    /// <summary>The storage's name; null for the default storage.</summary>
    public string? StorageName { get; } = storageName;
}
