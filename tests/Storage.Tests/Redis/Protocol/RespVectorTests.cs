using System.Text;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Protocol;

namespace KVCluster.Storage.Tests.Redis.Protocol;

/// <summary>The protocol specification's forms, one by one.</summary>
public sealed class RespVectorTests
{
    [Theory]
    [InlineData("+OK\r\n", "text:OK")]
    [InlineData("+\r\n", "text:")]
    [InlineData("-ERR unknown command 'x'\r\n", "error:ERR unknown command 'x'")]
    [InlineData(":0\r\n", "0")]
    [InlineData(":+7\r\n", "7")]
    [InlineData(":-9223372036854775808\r\n", "-9223372036854775808")]
    [InlineData("$5\r\nhello\r\n", "text:hello")]
    [InlineData("$0\r\n\r\n", "text:")]
    [InlineData("$2\r\n\r\n\r\n", "text:\r\n")]
    [InlineData("$-1\r\n", "null")]
    [InlineData("*-1\r\n", "null")]
    [InlineData("*0\r\n", "[]")]
    [InlineData("*2\r\n:1\r\n*1\r\n$1\r\na\r\n", "[1 [text:a]]")]
    [InlineData("*3\r\n:1\r\n$-1\r\n-E x\r\n", "[1 null error:E x]")]
    [InlineData("_\r\n", "null")]
    [InlineData("#t\r\n", "1")]
    [InlineData("#f\r\n", "0")]
    [InlineData(",1.23\r\n", "text:1.23")]
    [InlineData(",-inf\r\n", "text:-inf")]
    [InlineData(",nan\r\n", "text:nan")]
    [InlineData(",10e-3\r\n", "text:10e-3")]
    [InlineData("(-3492890328409238509324850943850943825024385\r\n", "text:-3492890328409238509324850943850943825024385")]
    [InlineData("!21\r\nSYNTAX invalid syntax\r\n", "error:SYNTAX invalid syntax")]
    [InlineData("=8\r\ntxt:some\r\n", "text:some")]
    [InlineData("%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n", "[text:a 1 text:b []]")]
    [InlineData("~2\r\n:1\r\n:2\r\n", "[1 2]")]
    [InlineData("|1\r\n+ttl\r\n:3600\r\n*1\r\n:5\r\n", "[5]")]
    [InlineData("*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", "[1 2]")]
    [InlineData(">2\r\n+invalidate\r\n*0\r\n:4\r\n", "4")]
    [InlineData("|0\r\n:4\r\n", "4")]
    public void A_form_of_the_specification_is_read(string bytes, string expected)
    {
        Assert.Equal(expected, RespText.Describe(RespText.Read(Encoding.UTF8.GetBytes(bytes))!));
    }

    [Theory]
    [InlineData("x\r\n")]
    [InlineData("\r\n")]
    [InlineData("+no carriage return\n")]
    [InlineData(":\r\n")]
    [InlineData(":1x\r\n")]
    [InlineData(":9223372036854775808\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$ 5\r\n")]
    [InlineData("$536870913\r\n")]
    [InlineData("*1048577\r\n")]
    [InlineData("%600000\r\n")]
    [InlineData("%-1\r\n")]
    [InlineData("_x\r\n")]
    [InlineData("#x\r\n")]
    [InlineData(",x\r\n")]
    [InlineData("(1.5\r\n")]
    [InlineData("$?\r\n")]
    [InlineData("=2\r\nab\r\n")]
    [InlineData("$67108865\r\n")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n")]
    public void What_is_malformed_or_too_large_is_refused(string bytes)
    {
        Assert.Throws<RespProtocolException>(() => RespText.Read(Encoding.UTF8.GetBytes(bytes)));
    }

    [Fact]
    public void A_line_without_end_is_refused_and_not_waited_for()
    {
        byte[] line = new byte[RespLimits.LineBytes];
        Array.Fill(line, (byte)'+');
        Assert.Throws<RespProtocolException>(() => RespText.Read(line));
    }

    [Fact]
    public void Values_in_all_levels_count_together()
    {
        var builder = new RespValueBuilder();
        builder.Add(new RespHeader(RespType.Array, RespLimits.Values / 2, default), default);
        builder.Add(new RespHeader(RespType.Array, RespLimits.Values / 4, default), default);
        Assert.Throws<RespProtocolException>(() => builder.Add(new RespHeader(RespType.Array, RespLimits.Values / 4, default), default));
    }

    [Fact]
    public void A_number_is_read_from_a_string_of_digits_only()
    {
        Assert.Equal(12, RespValue.OfText("12"u8.ToArray()).Integer);
        Assert.Throws<RedisException>(() => RespValue.OfText("12x"u8.ToArray()).Integer);
        Assert.Throws<RedisException>(() => RespValue.Null.Integer);
    }
}
