using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// Random choices that are the same on every machine and version for the same name: SplitMix64 (Steele, Lea and Flood, 2014) started from a
/// SHA-256 of it. Not for secrets.
/// </summary>
public sealed class TaskRandom
{
    private ulong _state;

    /// <summary>A sequence of its own for each name, such as "seed/task/length/index".</summary>
    public TaskRandom(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        _state = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
    }

    /// <summary>A number in [0, bound).</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)Math.BigMul(NextBits(), (ulong)bound, out _);
    }

    /// <summary>A number in [least, most].</summary>
    public int Between(int least, int most) => least + Next(most - least + 1);

    /// <summary>True this often, in [0, 1].</summary>
    public bool Chance(double probability) => NextUnit() < probability;

    /// <summary>A number in [0, 1).</summary>
    public double NextUnit() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>One of the items.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>A copy in random order.</summary>
    public List<T> Shuffled<T>(IEnumerable<T> items)
    {
        List<T> list = [.. items];
        for (int i = list.Count - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }

        return list;
    }

    private ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
