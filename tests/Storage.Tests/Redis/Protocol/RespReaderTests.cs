using System.Text;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Tests.Redis.Protocol;

/// <summary>Replies out of a stream that gives its bytes in pieces.</summary>
public sealed class RespReaderTests
{
    [Fact]
    public async Task Any_cut_into_pieces_gives_the_same_replies()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("*3\r\n$5\r\nhe\r\no\r\n%1\r\n+a\r\n,1.5\r\n_\r\n:12\r\n$0\r\n\r\n-ERR x\r\n");
        for (int piece = 1; piece <= bytes.Length; piece++)
        {
            var reader = new RespReader(new PieceStream(bytes, () => piece));
            string[] read = new string[4];
            for (int i = 0; i < read.Length; i++)
            {
                read[i] = RespText.Describe(await reader.ReadValueAsync(await reader.ReadHeaderAsync()));
            }

            Assert.Equal(["[text:he\r\no [text:a text:1.5] null]", "12", "text:", "error:ERR x"], read);
        }
    }

    [Fact]
    public async Task Random_bytes_end_in_a_value_an_error_or_the_end_of_the_stream()
    {
        var random = new Random(7);
        byte[] alphabet = "+-:$*_#,(!=%~|>\r\n0123456789tfae "u8.ToArray();
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = new byte[random.Next(1, 60)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = random.Next(4) == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
                if (bytes[i] == '\n' && i > 0)
                {
                    bytes[i - 1] = (byte)'\r';
                }
            }

            string whole = await OutcomeAsync(new PieceStream(bytes, () => bytes.Length));
            string pieces = await OutcomeAsync(new PieceStream(bytes, () => random.Next(1, 5)));
            Assert.Equal(whole, pieces);
        }
    }

    [Fact]
    public async Task A_damaged_reply_never_reads_as_anything_but_a_value_an_error_or_the_end()
    {
        var random = new Random(8);
        byte[] whole = Encoding.UTF8.GetBytes("*4\r\n$11\r\nhello world\r\n%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n#t\r\n_\r\n,2.5\r\n-ERR no\r\n");
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = [.. whole];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            Assert.NotEmpty(await OutcomeAsync(new PieceStream(bytes, () => random.Next(1, 20))));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(RespReader.DirectBytes)]
    [InlineData(3 * RespReader.DirectBytes)]
    public async Task A_string_is_received_into_pieces_of_memory_of_any_size(int piece)
    {
        byte[] value = new byte[500_000];
        new Random(1).NextBytes(value);
        byte[] bytes = [.. "$500000\r\n"u8, .. value, .. "\r\n:1\r\n"u8];
        byte[] memory = new byte[value.Length];
        List<Memory<byte>> pieces = [];
        for (int i = 0; i < memory.Length; i += piece)
        {
            pieces.Add(memory.AsMemory(i, Math.Min(piece, memory.Length - i)));
        }

        pieces.Insert(pieces.Count / 2, default);
        var random = new Random(2);
        var reader = new RespReader(new PieceStream(bytes, () => random.Next(1, 90_000)));
        var reply = new PendingReply(pieces, memory.Length, null);
        RespHeader header = await reader.ReadHeaderAsync();
        await reader.ReceiveAsync(header.Number, reply);
        Assert.Equal(value, memory);
        Assert.Equal("1", RespText.Describe(await reader.ReadValueAsync(await reader.ReadHeaderAsync())));
    }

    [Fact]
    public async Task A_call_given_up_before_its_answer_keeps_its_memory_and_the_next_answer_is_in_place()
    {
        byte[] bytes = [.. "$4\r\nabcd\r\n:9\r\n"u8];
        byte[] memory = new byte[4];
        var reader = new RespReader(new PieceStream(bytes, () => 3));
        var reply = new PendingReply([memory], 4, null);
        reply.Abandon();
        await reader.ReceiveAsync((await reader.ReadHeaderAsync()).Number, reply);
        Assert.Equal(new byte[4], memory);
        Assert.True(reply.Task.IsCanceled);
        Assert.Equal("9", RespText.Describe(await reader.ReadValueAsync(await reader.ReadHeaderAsync())));
    }

    [Fact]
    public async Task Of_large_values_that_follow_each_other_next_to_nothing_is_copied()
    {
        byte[] value = new byte[3 * RespReader.DirectBytes];
        new Random(9).NextBytes(value);
        byte[] bytes = [.. "$196608\r\n"u8, .. value, .. "\r\n$196608\r\n"u8, .. value, .. "\r\n"u8];
        byte[][] memory = [new byte[value.Length], new byte[value.Length]];
        int buffered = 0;
        void Count(int asked, int got) => buffered += asked >= RespReader.DirectBytes && asked <= value.Length ? 0 : got;
        var reader = new RespReader(new PieceStream(bytes, () => bytes.Length, Count));
        foreach (byte[] one in memory)
        {
            var reply = new PendingReply([one], one.Length, null);
            RespHeader header = await reader.ReadHeaderAsync(() => reply.Destination);
            await reader.ReceiveAsync(header.Number, reply);
            Assert.Equal(value, one);
        }

        Assert.InRange(buffered, 1, 100);
    }

    private static async Task<string> OutcomeAsync(Stream stream)
    {
        var reader = new RespReader(stream, RespLimits.LineBytes);
        try
        {
            return RespText.Describe(await reader.ReadValueAsync(await reader.ReadHeaderAsync()));
        }
        catch (RespProtocolException)
        {
            return "protocol";
        }
        catch (EndOfStreamException)
        {
            return "end";
        }
    }

    private sealed class PieceStream(byte[] bytes, Func<int> piece, Action<int, int>? read = null) : MemoryStream(bytes, writable: false)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await base.ReadAsync(buffer[..Math.Min(buffer.Length, piece())], cancellationToken);
            read?.Invoke(buffer.Length, count);
            return count;
        }
    }
}
