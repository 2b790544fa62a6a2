using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Runtime.Placement
{
    /// <summary>Chooses the silo of a grain's activation.</summary>
    public interface IPlacementDirector
    {
        /// <summary>The key of the request context whose value, a <see cref="SiloAddress"/>, asks for a silo.</summary>
        const string PlacementHintKey = nameof(PlacementHintKey);

        /// <summary>Chooses a silo. It is not asked while the grain is active.</summary>
        Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);

        /// <summary>The silo that the request context asks for, if it is one of the compatible ones; else null.</summary>
        static SiloAddress? GetPlacementHint(Dictionary<string, object> requestContextData, SiloAddress[] compatibleSilos)
            => requestContextData is { Count: > 0 } data && data.TryGetValue(PlacementHintKey, out var value) && value is SiloAddress hint
                && compatibleSilos.Contains(hint) ? hint : null;
    }

    /// <summary>The cluster as a director sees it.</summary>
    public interface IPlacementContext
    {
        /// <summary>The silo that asks: the caller's, or any for a client's call.</summary>
        SiloAddress LocalSilo { get; }

        /// <summary>The running silos that the class's filters leave.</summary>
        /// <exception cref="OrleansException">There is none.</exception>
        SiloAddress[] GetCompatibleSilos(PlacementTarget target);
    }

    /// <summary>The grain to place.</summary>
    public readonly struct PlacementTarget
    {
        internal PlacementTarget(GrainId grainIdentity, Dictionary<string, object>? requestContextData)
        {
            GrainIdentity = grainIdentity;
            RequestContextData = requestContextData!;
        }

        /// <summary>The grain.</summary>
        public GrainId GrainIdentity { get; }

        /// <summary>The request context of the call that needs the grain; null without one.</summary>
        public Dictionary<string, object> RequestContextData { get; }
    }
}

namespace Orleans.Placement
{
    /// <summary>Applies a placement filter.</summary>
    public interface IPlacementFilterDirector
    {
        /// <summary>The silos that the filter leaves.</summary>
        IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos);
    }
}
