using System.Text;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Tests.MessagePack;

/// <summary>The forms of the specification (msgpack.org), at their edges.</summary>
public sealed class MessagePackTests
{
    public static TheoryData<object?, string> Values() => new()
    {
        { null, "c0" },
        { false, "c2" },
        { true, "c3" },
        { 0UL, "00" },
        { 127UL, "7f" },
        { 128UL, "cc80" },
        { 255UL, "ccff" },
        { 256UL, "cd0100" },
        { 65535UL, "cdffff" },
        { 65536UL, "ce00010000" },
        { 4294967295UL, "ceffffffff" },
        { 4294967296UL, "cf0000000100000000" },
        { ulong.MaxValue, "cfffffffffffffffff" },
        { -1L, "ff" },
        { -32L, "e0" },
        { -33L, "d0df" },
        { -128L, "d080" },
        { -129L, "d1ff7f" },
        { -32768L, "d18000" },
        { -32769L, "d2ffff7fff" },
        { -2147483648L, "d280000000" },
        { -2147483649L, "d3ffffffff7fffffff" },
        { long.MinValue, "d38000000000000000" },
        { 1.5f, "ca3fc00000" },
        { float.NegativeInfinity, "caff800000" },
        { 0.1, "cb3fb999999999999a" },
        { -0.0, "cb8000000000000000" },
        { "", "a0" },
        { "a", "a161" },
        { "é😀", "a6c3a9f09f9880" },
        { new byte[] { 1, 2 }, "c4020102" },
        { Array.Empty<byte>(), "c400" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_has_its_shortest_form_and_comes_back(object? value, string hex)
    {
        var writer = new MessagePackWriter();
        Write(writer, value);
        Assert.Equal(hex, Convert.ToHexStringLower(writer.Written.Span));
        var reader = new MessagePackReader(writer.Written.Span);
        Assert.Equal(value, Read(ref reader, value));
        Assert.True(reader.AtEnd);
        var skipping = new MessagePackReader(writer.Written.Span);
        skipping.Skip();
        Assert.True(skipping.AtEnd);
    }

    [Theory]
    [InlineData(31, "bf")]
    [InlineData(32, "d920")]
    [InlineData(255, "d9ff")]
    [InlineData(256, "da0100")]
    [InlineData(65535, "daffff")]
    [InlineData(65536, "db00010000")]
    public void Text_has_the_head_of_its_length(int length, string head)
    {
        var writer = new MessagePackWriter();
        writer.Write(new string('x', length));
        Assert.Equal(head + "78", Convert.ToHexStringLower(writer.Written.Span[..((head.Length / 2) + 1)]));
        var reader = new MessagePackReader(writer.Written.Span);
        Assert.Equal(new string('x', length), reader.ReadString());
    }

    [Theory]
    [InlineData(255, "c4ff")]
    [InlineData(256, "c50100")]
    [InlineData(65536, "c600010000")]
    public void Bytes_have_the_head_of_their_length(int length, string head)
    {
        var writer = new MessagePackWriter();
        writer.Write(new byte[length]);
        Assert.StartsWith(head, Convert.ToHexStringLower(writer.Written.Span));
        var reader = new MessagePackReader(writer.Written.Span);
        Assert.Equal(length, reader.ReadBinary().Length);
    }

    [Theory]
    [InlineData(0, "90", "80")]
    [InlineData(15, "9f", "8f")]
    [InlineData(16, "dc0010", "de0010")]
    [InlineData(65535, "dcffff", "deffff")]
    [InlineData(65536, "dd00010000", "df00010000")]
    public void Arrays_and_maps_have_the_head_of_their_count(int count, string array, string map)
    {
        var writer = new MessagePackWriter();
        writer.WriteArrayHeader(count);
        Assert.Equal(array, Convert.ToHexStringLower(writer.Written.Span));
        for (int i = 0; i < count; i++)
        {
            writer.WriteNil();
        }

        int begun = writer.Length;
        writer.WriteMapHeader(count);
        Assert.Equal(map, Convert.ToHexStringLower(writer.Written.Span[begun..]));
        for (int i = 0; i < 2 * count; i++)
        {
            writer.Write(true);
        }

        var reader = new MessagePackReader(writer.Written.Span);
        Assert.Equal(MessagePackType.Array, reader.NextType);
        reader.Skip();
        Assert.Equal(MessagePackType.Map, reader.NextType);
        Assert.Equal(count, reader.ReadMapHeader());
    }

    [Theory]
    [InlineData(0, "c70005")]
    [InlineData(1, "d405")]
    [InlineData(2, "d505")]
    [InlineData(3, "c70305")]
    [InlineData(4, "d605")]
    [InlineData(8, "d705")]
    [InlineData(16, "d805")]
    [InlineData(17, "c71105")]
    [InlineData(256, "c8010005")]
    [InlineData(65536, "c90001000005")]
    public void Extensions_have_the_head_of_their_length(int length, string head)
    {
        var writer = new MessagePackWriter();
        writer.WriteExtension(5, new byte[length]);
        Assert.Equal(head, Convert.ToHexStringLower(writer.Written.Span[..(head.Length / 2)]));
        var reader = new MessagePackReader(writer.Written.Span);
        Assert.Equal(MessagePackType.Extension, reader.NextType);
        Assert.Equal(length, reader.ReadExtension(out sbyte type).Length);
        Assert.Equal((5, true), (type, reader.AtEnd));
    }

    [Theory]
    [InlineData("cc05", 5)]
    [InlineData("cd0005", 5)]
    [InlineData("ce00000005", 5)]
    [InlineData("cf0000000000000005", 5)]
    [InlineData("d005", 5)]
    [InlineData("d10005", 5)]
    [InlineData("d200000005", 5)]
    [InlineData("d30000000000000005", 5)]
    public void A_number_in_a_longer_form_than_needed_is_read(string hex, int value)
    {
        byte[] bytes = Convert.FromHexString(hex);
        var signed = new MessagePackReader(bytes);
        Assert.Equal(value, signed.ReadInt32());
        var unsigned = new MessagePackReader(bytes);
        Assert.Equal((ulong)value, unsigned.ReadUInt64());
    }

    [Theory]
    [InlineData("")]
    [InlineData("c1")]
    [InlineData("cc")]
    [InlineData("cd00")]
    [InlineData("ce000000")]
    [InlineData("cf00000000000000")]
    [InlineData("ca000000")]
    [InlineData("cb00000000000000")]
    [InlineData("a2ff")]
    [InlineData("a1ff")]
    [InlineData("d9")]
    [InlineData("d905616161")]
    [InlineData("dbffffffff")]
    [InlineData("c6ffffffff00")]
    [InlineData("c9ffffffff0000")]
    [InlineData("d801")]
    [InlineData("91")]
    [InlineData("dc0003c0c0")]
    [InlineData("ddffffffff")]
    [InlineData("81c0")]
    [InlineData("dfffffffffc0")]
    public void What_is_no_value_is_refused(string hex)
    {
        Assert.Throws<MessagePackException>(() =>
        {
            var reader = new MessagePackReader(Convert.FromHexString(hex));
            do
            {
                reader.Skip();
            }
            while (!reader.AtEnd);
        });
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        byte[] deep = [.. Enumerable.Repeat((byte)0x91, MessagePackReader.MaxDepth - 1), 0xc0];
        var reader = new MessagePackReader(deep);
        reader.Skip();
        Assert.True(reader.AtEnd);
        byte[] deeper = [.. Enumerable.Repeat((byte)0x91, 100_000), 0xc0];
        Assert.Throws<MessagePackException>(() => new MessagePackReader(deeper).Skip());
    }

    [Fact]
    public void A_number_that_does_not_fit_is_refused()
    {
        Assert.Throws<MessagePackException>(() => new MessagePackReader(Convert.FromHexString("cfffffffffffffffff")).ReadInt64());
        Assert.Throws<MessagePackException>(() => new MessagePackReader(Convert.FromHexString("ce80000000")).ReadInt32());
        Assert.Throws<MessagePackException>(() => new MessagePackReader(Convert.FromHexString("ff")).ReadUInt64());
    }

    [Fact]
    public void A_value_of_another_type_is_refused()
    {
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0xc0]).ReadInt64());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0x01]).ReadString());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0xa0]).ReadBinary());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0x80]).ReadArrayHeader());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0x90]).ReadMapHeader());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0x01]).ReadBoolean());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0x01]).ReadDouble());
        Assert.Throws<MessagePackException>(() => new MessagePackReader([0x01]).ReadExtension(out _));
    }

    [Fact]
    public void A_lone_surrogate_is_refused() => Assert.Throws<EncoderFallbackException>(() => new MessagePackWriter().Write("\ud800"));

    [Fact]
    public void Random_bytes_are_read_or_refused()
    {
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(1, 60)];
            random.NextBytes(bytes);
            try
            {
                var reader = new MessagePackReader(bytes);
                reader.Skip();
                Assert.InRange(reader.Position, 1, bytes.Length);
            }
            catch (MessagePackException)
            {
            }
        }
    }

    private static void Write(MessagePackWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNil();
                break;
            case bool b:
                writer.Write(b);
                break;
            case ulong u:
                writer.Write(u);
                break;
            case long l:
                writer.Write(l);
                break;
            case float f:
                writer.Write(f);
                break;
            case double d:
                writer.Write(d);
                break;
            case string s:
                writer.Write(s);
                break;
            default:
                writer.Write((byte[])value);
                break;
        }
    }

    private static object? Read(ref MessagePackReader reader, object? like) => like switch
    {
        null => reader.TryReadNil() ? null : "not nil",
        bool => reader.ReadBoolean(),
        ulong => reader.ReadUInt64(),
        long => reader.ReadInt64(),
        float => (float)reader.ReadDouble(),
        double => reader.ReadDouble(),
        string => reader.ReadString(),
        _ => reader.ReadBinary().ToArray(),
    };
}
