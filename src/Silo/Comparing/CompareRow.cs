using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Comparing;

/// <summary>All questions put to one cache.</summary>
internal sealed record CompareRow
{
    /// <summary>How it was cut; null: the whole cache.</summary>
    public CompressionRecord? Compression { get; init; }

    /// <summary>The fraction of the cache that was to stay.</summary>
    public required double Keep { get; init; }

    public required int Right { get; init; }

    public required int Questions { get; init; }

    /// <summary>Bytes of the pages that hold the document, before the cut.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of the pages that hold the document while the questions are asked.</summary>
    public required long BytesAfter { get; init; }

    /// <summary>Seconds to score (in the first row of a policy; later rows use the same scores), choose and free.</summary>
    public required double CompressSeconds { get; init; }

    /// <summary>Seconds for all answers, the reading of the questions included.</summary>
    public required double AnswerSeconds { get; init; }

    public required IReadOnlyList<CompareAnswer> Answers { get; init; }
}
