namespace Orleans;

/// <summary>Makes references to grains. A reference is a value: making one calls nothing.</summary>
/// <remarks>
/// Every method throws <see cref="ArgumentException"/> when no grain class implements the interface, or several do and the prefix of the class
/// name does not choose one of them.
/// </remarks>
public interface IGrainFactory
{
    /// <summary>A reference by a text.</summary>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    /// <summary>A reference by a number.</summary>
    TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey;
}

/// <summary>A client of the cluster: what code outside the grains calls them with.</summary>
public interface IClusterClient : IGrainFactory;
