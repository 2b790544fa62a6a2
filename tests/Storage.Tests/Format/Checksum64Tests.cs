using KVCluster.Storage.Format;

namespace KVCluster.Storage.Tests.Format;

public sealed class Checksum64Tests
{
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void It_is_XXH64(string text, ulong expected) => Assert.Equal(expected, Checksum64.Of(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Pieces_add_up_however_they_are_cut()
    {
        var bytes = new byte[1000];
        var random = new Random(1);
        random.NextBytes(bytes);
        for (int i = 0; i < 200; i++)
        {
            int length = random.Next(bytes.Length);
            var sum = new Checksum64();
            for (int at = 0; at < length;)
            {
                int piece = Math.Min(length - at, random.Next(0, 70));
                sum.Add(bytes.AsSpan(at, piece));
                at += piece;
            }

            Assert.Equal(Checksum64.Of(bytes.AsSpan(0, length)), sum.Value);
        }
    }
}
