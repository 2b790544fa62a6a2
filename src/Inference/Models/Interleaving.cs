namespace KVCluster.Inference.Models;

/// <summary>
/// GGUF files of architecture llama hold the rows of each query and key head so that rotary pairs are neighbours: the model's row i and
/// its partner i + d/2 are stored as rows 2i and 2i + 1 of the head.
/// </summary>
internal static class Interleaving
{
    /// <summary>Where the file has the model's row.</summary>
    public static int StoredRow(int row, int headSize)
    {
        int within = row % headSize;
        int half = headSize / 2;
        return row - within + (within < half ? 2 * within : (2 * (within - half)) + 1);
    }

    /// <summary>A vector (bias) with one element a row, in the model's order.</summary>
    public static float[] Undo(float[] stored, int headSize)
    {
        float[] values = new float[stored.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = stored[StoredRow(i, headSize)];
        }

        return values;
    }
}
