using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Scores;

public sealed class QuadraticFormTests
{
    [Theory]
    [InlineData(64, 130, true)]
    [InlineData(7, 64, true)]
    [InlineData(1, 3, true)]
    [InlineData(66, 64, true)]
    [InlineData(16, 65, false)]
    public void Each_key_gets_the_linear_and_the_quadratic_part(int size, int slots, bool quadratic)
    {
        var random = new Random(size);
        float[] keys = Numbers(random, slots * size);
        float[] linear = Numbers(random, size);
        float[] other = Numbers(random, size);
        float[] matrix = quadratic ? Numbers(random, size * size) : [];
        for (int i = 0; i < size && quadratic; i++)
        {
            for (int j = 0; j < i; j++)
            {
                matrix[(j * size) + i] = matrix[(i * size) + j];
            }
        }

        float[][] values = [new float[slots], new float[slots]];
        QuadraticForm.Evaluate(keys, [new QuadraticForm(linear, matrix), new QuadraticForm(other, [])], values);
        for (int slot = 0; slot < slots; slot++)
        {
            ReadOnlySpan<float> key = keys.AsSpan(slot * size, size);
            Assert.Equal(Plain(key, linear, matrix), values[0][slot], 1e-3);
            Assert.Equal(Plain(key, other, []), values[1][slot], 1e-3);
        }
    }

    private static double Plain(ReadOnlySpan<float> key, float[] linear, float[] matrix)
    {
        double sum = 0;
        for (int i = 0; i < key.Length; i++)
        {
            sum += (double)linear[i] * key[i];
            for (int j = 0; j < key.Length && matrix.Length > 0; j++)
            {
                sum += (double)key[i] * matrix[(i * key.Length) + j] * key[j];
            }
        }

        return sum;
    }

    private static float[] Numbers(Random random, int count)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (2 * random.NextSingle()) - 1;
        }

        return numbers;
    }
}
