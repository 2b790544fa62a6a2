using Orleans.Runtime;

namespace Orleans;

/// <summary>What <see cref="Grain"/> is, as extension methods see it.</summary>
public interface IGrainBase
{
    /// <summary>The activation.</summary>
    IGrainContext GrainContext { get; }
}
