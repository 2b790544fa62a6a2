namespace Orleans.Runtime;

/// <summary>The silo that a service belongs to.</summary>
public interface ILocalSiloDetails
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>Its address.</summary>
    SiloAddress SiloAddress { get; }
}
