namespace KVCluster.Inference.Models;

/// <summary>
/// Inverse frequencies of rotary embeddings with the scalings Hugging Face transformers defines (modeling_rope_utils). Powers are taken of
/// float32 exponents and everything after them is float32, as there: at position 10^5 an angle differs visibly otherwise.
/// </summary>
internal static class RotaryFrequencies
{
    /// <param name="settings">What the file says.</param>
    /// <param name="headSize">d; even.</param>
    /// <param name="divisors">[d/2] by which each plain frequency is divided (GGUF's rope_freqs.weight), or null.</param>
    public static RotaryEmbedding Compute(RopeSettings settings, int headSize, float[]? divisors = null)
    {
        float[] powers = Powers(settings.Theta, headSize);
        if (divisors is not null)
        {
            for (int i = 0; i < powers.Length; i++)
            {
                powers[i] *= divisors[i];
            }
        }

        float[] frequencies = settings.Kind switch
        {
            "default" => Array.ConvertAll(powers, power => 1f / power),
            "linear" => Array.ConvertAll(powers, power => 1f / power / (float)settings.Factor),
            "llama3" => Llama3(powers, settings),
            "yarn" => Yarn(powers, settings),
            string other => throw new ArgumentException($"'{other}' is not a known scaling", nameof(settings)),
        };
        double scale = settings.Kind != "yarn" ? 1 : settings.AttentionFactor ?? YarnMagnitude(settings.Factor, 1);
        string kind = divisors is null || settings.Kind != "default" ? settings.Kind : "llama3";
        return new RotaryEmbedding(kind, frequencies, (float)scale);
    }

    /// <summary>YaRN's correction of the attention's magnitude (Peng et al., 2023, arXiv 2309.00071).</summary>
    public static double YarnMagnitude(double factor, double weight) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;

    private static float[] Powers(double theta, int headSize)
    {
        float[] powers = new float[headSize / 2];
        for (int i = 0; i < powers.Length; i++)
        {
            powers[i] = (float)Math.Pow((float)theta, 2f * i / headSize);
        }

        return powers;
    }

    private static float[] Llama3(float[] powers, RopeSettings settings)
    {
        float original = (float)settings.OriginalContext;
        float low = (float)settings.LowFrequencyFactor;
        float high = (float)settings.HighFrequencyFactor;
        float factor = (float)settings.Factor;
        return Array.ConvertAll(powers, power =>
        {
            float plain = 1f / power;
            float wavelength = 2 * MathF.PI / plain;
            if (wavelength < original / high)
            {
                return plain;
            }

            float scaled = plain / factor;
            if (wavelength > original / low)
            {
                return scaled;
            }

            float smooth = ((original / wavelength) - low) / (high - low);
            return ((1 - smooth) * scaled) + (smooth * plain);
        });
    }

    private static float[] Yarn(float[] powers, RopeSettings settings)
    {
        int headSize = powers.Length * 2;
        double low = RampEnd(settings.BetaFast);
        double high = RampEnd(settings.BetaSlow);
        if (settings.TruncateRamp)
        {
            low = Math.Floor(low);
            high = Math.Ceiling(high);
        }

        low = Math.Max(low, 0);
        high = Math.Min(high, headSize - 1);
        float width = low == high ? 0.001f : (float)(high - low);
        float[] frequencies = new float[powers.Length];
        for (int i = 0; i < frequencies.Length; i++)
        {
            float plainShare = 1 - Math.Clamp((i - (float)low) / width, 0f, 1f);
            float stretched = 1f / ((float)settings.Factor * powers[i]);
            frequencies[i] = (stretched * (1 - plainShare)) + (1f / powers[i] * plainShare);
        }

        return frequencies;

        // The dimension whose frequency makes this many turns within the original context.
        double RampEnd(double turns) =>
            headSize * Math.Log(settings.OriginalContext / (turns * 2 * Math.PI)) / (2 * Math.Log(settings.Theta));
    }
}
