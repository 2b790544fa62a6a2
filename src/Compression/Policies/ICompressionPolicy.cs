using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// One way to choose what a cache keeps. Pure: it names what it needs to know, and makes a plan of it; it never touches the cache. The same
/// input and budget always give the same plan.
/// </summary>
public interface ICompressionPolicy
{
    /// <summary>The field's name for it, as given on the command line.</summary>
    string Name { get; }

    /// <summary>The parameters it runs with.</summary>
    PolicyParameters Parameters { get; }

    /// <summary>What the backend is to compute before <see cref="Plan"/>.</summary>
    ScoreRequest Request { get; }

    /// <summary>
    /// The slots to keep, never more than the budget but where a parameter documents a minimum above it. Throws
    /// <see cref="PolicyException"/> where the scores cannot be ranked, ArgumentException where the input is not what was asked for.
    /// </summary>
    RetentionPlan Plan(PolicyInput input, RetentionBudget budget);
}
