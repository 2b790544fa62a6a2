using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class Xoshiro256Tests
{
    [Fact]
    public void Gives_the_published_sequence()
    {
        Xoshiro256 random = new(1, 2, 3, 4);

        ulong[] numbers = [.. Enumerable.Range(0, 8).Select(_ => random.Next())];

        Assert.Equal(
            [
                11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625,
                8476171486693032832,
            ],
            numbers);
    }

    [Fact]
    public void Seeds_through_the_published_splitmix64()
    {
        ulong state = 1234567;

        ulong[] numbers = [.. Enumerable.Range(0, 4).Select(_ => Xoshiro256.SplitMix64(ref state))];

        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431], numbers);
        Assert.Equal(new Xoshiro256(numbers[0], numbers[1], numbers[2], numbers[3]), new Xoshiro256(1234567));
    }

    [Fact]
    public void Doubles_are_spread_over_the_unit_interval()
    {
        Xoshiro256 random = new(5);
        int[] counts = new int[20];
        for (int i = 0; i < 200_000; i++)
        {
            counts[(int)(random.NextDouble() * counts.Length)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 10_000 - 600, 10_000 + 600));
    }
}
