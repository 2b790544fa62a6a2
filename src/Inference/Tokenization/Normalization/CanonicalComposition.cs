using System.Text;

namespace KVCluster.Inference.Tokenization.Normalization;

/// <summary>
/// Unicode normalisation form C (UAX #15). .NET's own does nothing where globalisation is invariant, as it is here, and text that was not
/// composed would become other tokens.
/// </summary>
internal static class CanonicalComposition
{
    private const int SBase = 0xAC00;
    private const int LBase = 0x1100;
    private const int VBase = 0x1161;
    private const int TBase = 0x11A7;
    private const int LCount = 19;
    private const int VCount = 21;
    private const int TCount = 28;

    /// <summary>The composed form of well-formed UTF-16.</summary>
    public static string Normalize(string text)
    {
        // No character below U+0300 changes or combines.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
        {
            return text;
        }

        List<int> points = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, points);
        }

        Reorder(points);
        int count = Compose(points);
        var composed = new StringBuilder(text.Length);
        for (int i = 0; i < count; i++)
        {
            composed.Append(new Rune(points[i]).ToString());
        }

        return composed.ToString();
    }

    private static void Decompose(int point, List<int> points)
    {
        int syllable = point - SBase;
        if (syllable is >= 0 and < LCount * VCount * TCount)
        {
            points.Add(LBase + (syllable / (VCount * TCount)));
            points.Add(VBase + (syllable / TCount % VCount));
            if (syllable % TCount != 0)
            {
                points.Add(TBase + (syllable % TCount));
            }
        }
        else if (CanonicalTables.TryDecompose(point, out (int First, int Second) parts))
        {
            Decompose(parts.First, points);
            if (parts.Second != 0)
            {
                Decompose(parts.Second, points);
            }
        }
        else
        {
            points.Add(point);
        }
    }

    // Sorts each run of combining characters by class, equal ones staying in order.
    private static void Reorder(List<int> points)
    {
        for (int start = 0; start < points.Count; start++)
        {
            int end = start;
            while (end < points.Count && CanonicalTables.CombiningClass(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                int[] sorted = points.GetRange(start, end - start).OrderBy(CanonicalTables.CombiningClass).ToArray();
                for (int i = 0; i < sorted.Length; i++)
                {
                    points[start + i] = sorted[i];
                }
            }

            start = end;
        }
    }

    // Composes in place and returns how many characters are left.
    private static int Compose(List<int> points)
    {
        int starter = -1;
        int lastClass = 0;
        int count = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            int combiningClass = CanonicalTables.CombiningClass(point);
            bool adjacent = starter == count - 1;
            bool blocked = starter < 0 || (!adjacent && (lastClass == 0 || lastClass >= combiningClass));
            if (!blocked && TryComposePair(points[starter], point, out int composed))
            {
                points[starter] = composed;
                continue;
            }

            if (combiningClass == 0)
            {
                starter = count;
            }

            lastClass = combiningClass;
            points[count++] = point;
        }

        return count;
    }

    private static bool TryComposePair(int first, int second, out int composed)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
        {
            composed = SBase + ((((first - LBase) * VCount) + (second - VBase)) * TCount);
            return true;
        }

        bool openSyllable = first is >= SBase and < SBase + (LCount * VCount * TCount) && (first - SBase) % TCount == 0;
        if (openSyllable && second is > TBase and < TBase + TCount)
        {
            composed = first + (second - TBase);
            return true;
        }

        return CanonicalTables.TryCompose(first, second, out composed);
    }
}
