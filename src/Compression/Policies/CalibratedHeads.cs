namespace KVCluster.Compression.Policies;

/// <summary>Checks parts of a calibration against the cache they are to serve.</summary>
internal static class CalibratedHeads
{
    /// <summary>
    /// [layers][heads] as one list, layer-major. Throws <see cref="PolicyException"/> where the part is absent, of another shape, or not
    /// numbers.
    /// </summary>
    public static float[] Flatten(float[][]? part, string what, int layers, int heads)
    {
        if (part is null)
        {
            throw new PolicyException($"the calibration of this model lacks the {what}");
        }

        if (part.Length != layers || part.Any(row => row.Length != heads))
        {
            throw new PolicyException($"the calibration's {what} are not {layers} layers of {heads}: it is another model's");
        }

        float[] flat = [.. part.SelectMany(row => row)];
        return flat.All(float.IsFinite) ? flat : throw new PolicyException($"the calibration's {what} are not all numbers");
    }
}
