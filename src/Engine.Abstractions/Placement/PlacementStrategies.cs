using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>How silos are chosen for the grains of a class. A director does the choosing.</summary>
    public abstract class PlacementStrategy;

    /// <summary>Any silo.</summary>
    public sealed class RandomPlacement : PlacementStrategy;

    /// <summary>The caller's silo where it can be, else any.</summary>
    public sealed class PreferLocalPlacement : PlacementStrategy;

    internal sealed class StatelessWorkerPlacement(int maxLocal) : PlacementStrategy
    {
        public int MaxLocal { get; } = maxLocal;
    }
}

namespace Orleans.Placement
{
    /// <summary>Gives a grain class its placement strategy.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public abstract class PlacementAttribute(PlacementStrategy placement) : Attribute
    {
        /// <summary>The strategy.</summary>
        public PlacementStrategy PlacementStrategy { get; } = placement;
    }

    /// <summary>Grains of this class go to any silo. So do those of a class without a placement.</summary>
    public sealed class RandomPlacementAttribute() : PlacementAttribute(new RandomPlacement());

    /// <summary>Grains of this class go to the caller's silo where they can.</summary>
    public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(new PreferLocalPlacement());

    /// <summary>A rule that leaves out silos before a director chooses.</summary>
    /// <param name="order">Its place among the filters of a class, ascending.</param>
    public abstract class PlacementFilterStrategy(int order)
    {
        /// <summary>Its place among the filters of a class, ascending.</summary>
        public int Order { get; } = order;
    }

    /// <summary>Gives a grain class a placement filter.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public abstract class PlacementFilterAttribute(PlacementFilterStrategy placement) : Attribute
    {
        /// <summary>The filter.</summary>
        public PlacementFilterStrategy PlacementFilterStrategy { get; } = placement;
    }
}
