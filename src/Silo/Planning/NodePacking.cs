using KVCluster.Inference;

namespace KVCluster.Silo.Planning;

/// <summary>How many sessions each node holds: the largest first, each node filled before the next.</summary>
internal static class NodePacking
{
    private const int MostNodes = 100_000;

    /// <param name="groups">How many sessions of how many bytes.</param>
    /// <param name="room">Bytes a node has for them.</param>
    /// <returns>Sessions of each node.</returns>
    /// <exception cref="InputException">One session does not fit, or the nodes are too many to count.</exception>
    public static int[] Pack(IReadOnlyList<(int Sessions, long Bytes)> groups, long room)
    {
        (int Left, long Bytes)[] left = [.. groups.OrderByDescending(group => group.Bytes).Select(group => (group.Sessions, group.Bytes))];
        if (left[0].Bytes > room)
        {
            throw new InputException(
                $"a session of {left[0].Bytes} bytes does not fit the {room} bytes a node has for sessions: keep less, store narrower, or take a larger device");
        }

        List<int> nodes = [];
        while (left.Any(group => group.Left > 0))
        {
            long free = room;
            int held = 0;
            for (int i = 0; i < left.Length; i++)
            {
                int fit = (int)Math.Min(left[i].Left, free / left[i].Bytes);
                left[i].Left -= fit;
                free -= fit * left[i].Bytes;
                held += fit;
            }

            nodes.Add(held);
            if (nodes.Count > MostNodes)
            {
                throw new InputException($"that load needs more than {MostNodes} nodes");
            }
        }

        return [.. nodes];
    }
}
