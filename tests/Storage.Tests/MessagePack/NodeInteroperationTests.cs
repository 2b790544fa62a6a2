using System.Globalization;
using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.MessagePack;
using KVCluster.Storage.Tests.Support;
using KVCluster.TestSupport;

namespace KVCluster.Storage.Tests.MessagePack;

/// <summary>The npm package @msgpack/msgpack reads what is written here, and what it writes is read here.</summary>
public sealed class NodeInteroperationTests
{
    private const string Package = "@msgpack/msgpack@3.1.3";

    /// <summary>Decodes standard values to text and encodes them again; the text tells type and value.</summary>
    private const string Script = """
        const fs = require('fs');
        const { decode, encode, ExtData } = require('@msgpack/msgpack');
        const options = { useBigInt64: true };
        function tell(v) {
          if (v === null) return 'nil';
          if (typeof v === 'boolean') return String(v);
          if (typeof v === 'bigint') return 'i' + v;
          if (typeof v === 'number') return Number.isInteger(v) && !Object.is(v, -0) ? 'i' + v : 'f' + v;
          if (typeof v === 'string') return 's' + Buffer.from(v).toString('hex');
          if (v instanceof Uint8Array) return 'b' + Buffer.from(v).toString('hex');
          if (v instanceof ExtData) return 'e' + v.type + ':' + Buffer.from(v.data).toString('hex');
          if (Array.isArray(v)) return '[' + v.map(tell).join(' ') + ']';
          return '{' + Object.entries(v).map(([k, w]) => tell(k) + '=' + tell(w)).join(' ') + '}';
        }
        const value = decode(fs.readFileSync(process.argv[2]), options);
        fs.writeFileSync(process.argv[3], encode(value, options));
        console.log(tell(value));
        """;

    [NodePackageFact("@msgpack/msgpack")]
    public void Every_form_is_understood_in_both_directions()
    {
        var writer = new MessagePackWriter();
        object?[] values =
        [
            null, true, false, 0L, 127L, 128L, 255L, 256L, 65535L, 65536L, uint.MaxValue, 1L << 32, long.MaxValue, ulong.MaxValue,
            -1L, -32L, -33L, -128L, -129L, -32768L, -32769L, (long)int.MinValue, int.MinValue - 1L, long.MinValue,
            1.5f, 0.1, "", "é😀", new string('x', 31), new string('x', 32), new string('y', 256), new string('z', 70_000),
            Array.Empty<byte>(), new byte[300], new byte[70_000],
        ];
        writer.WriteArrayHeader(values.Length + 4);
        var expected = new List<string>();
        foreach (object? value in values)
        {
            expected.Add(Write(writer, value));
        }

        writer.WriteExtension(5, [1, 2, 3]);
        expected.Add("e5:010203");
        writer.WriteExtension(-7, new byte[16]);
        expected.Add("e-7:" + new string('0', 32));
        writer.WriteArrayHeader(20);
        for (int i = 0; i < 20; i++)
        {
            writer.Write((long)i);
        }

        expected.Add("[" + string.Join(' ', Enumerable.Range(0, 20).Select(i => "i" + i)) + "]");
        writer.WriteMapHeader(1);
        writer.Write("k");
        writer.WriteNil();
        expected.Add("{s6b=nil}");

        using var folder = new TemporaryFolder();
        byte[] back = RoundTrip(folder, writer.Written.Span, out string told);
        Assert.Equal("[" + string.Join(' ', expected) + "]", told);
        Assert.Equal(told, Tell(back));
    }

    [NodePackageFact("@msgpack/msgpack")]
    public async Task A_manifest_is_understood()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        int[] tokens = ColdFixture.Tokens(90);
        using KvCache cache = cold.Arena.Cache(tokens);
        cold.Arena.Compact(cache, (l, h, s) => s % 3 != h);
        await cold.PublishedAsync(cache, tokens);
        StoredManifest stored = (await cold.Blobs.ReadManifestAsync(ColdFixture.Ann, CancellationToken.None))!;
        using var folder = new TemporaryFolder();
        RoundTrip(folder, stored.Body.Span, out string envelope);
        Assert.StartsWith("[s6b76636c75737465722d636f6c64 i1 nil b", envelope);
        Assert.Equal(Tell(stored.Body.Span), envelope);
        byte[] body = Convert.FromHexString(envelope.Split(' ')[3][1..]);
        RoundTrip(folder, body, out string told);
        Assert.StartsWith("[s61636d65 s616e6e i1 i1 s6d6f64656c2d31 [i3 i2 i24 i0 i16] [[i1 i90 i90 b", told);
        Assert.Equal(Tell(body), told);
    }

    private static byte[] RoundTrip(TemporaryFolder folder, ReadOnlySpan<byte> bytes, out string told)
    {
        string module = Path.Combine(folder.Path, "node_modules");
        if (!Directory.Exists(module))
        {
            Assert.NotNull(NodePackageFactAttribute.Run(
                "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder.Path, Package], folder.Path));
            File.WriteAllText(Path.Combine(folder.Path, "tell.js"), Script);
        }

        File.WriteAllBytes(Path.Combine(folder.Path, "in"), bytes);
        string? output = NodePackageFactAttribute.Run("node", ["tell.js", "in", "out"], folder.Path);
        Assert.NotNull(output);
        told = output.TrimEnd();
        return File.ReadAllBytes(Path.Combine(folder.Path, "out"));
    }

    private static string Write(MessagePackWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNil();
                return "nil";
            case bool b:
                writer.Write(b);
                return b ? "true" : "false";
            case ulong or uint:
                writer.Write(Convert.ToUInt64(value, CultureInfo.InvariantCulture));
                return "i" + value;
            case long l:
                writer.Write(l);
                return "i" + l;
            case float f:
                writer.Write(f);
                return "f" + f.ToString(CultureInfo.InvariantCulture);
            case double d:
                writer.Write(d);
                return "f" + d.ToString(CultureInfo.InvariantCulture);
            case string s:
                writer.Write(s);
                return "s" + Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(s));
            default:
                writer.Write((byte[])value);
                return "b" + Convert.ToHexStringLower((byte[])value);
        }
    }

    private static string Tell(ReadOnlySpan<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        string told = Tell(ref reader);
        Assert.True(reader.AtEnd);
        return told;
    }

    private static string Tell(ref MessagePackReader reader)
    {
        switch (reader.NextType)
        {
            case MessagePackType.Nil:
                Assert.True(reader.TryReadNil());
                return "nil";
            case MessagePackType.Boolean:
                return reader.ReadBoolean() ? "true" : "false";
            case MessagePackType.Integer:
                MessagePackReader again = reader;
                try
                {
                    return "i" + reader.ReadInt64();
                }
                catch (MessagePackException)
                {
                    reader = again;
                    return "i" + reader.ReadUInt64();
                }

            case MessagePackType.Float:
                return "f" + reader.ReadDouble().ToString(CultureInfo.InvariantCulture);
            case MessagePackType.String:
                return "s" + Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(reader.ReadString()));
            case MessagePackType.Binary:
                return "b" + Convert.ToHexStringLower(reader.ReadBinary());
            case MessagePackType.Extension:
                string data = Convert.ToHexStringLower(reader.ReadExtension(out sbyte type));
                return $"e{type}:{data}";
            case MessagePackType.Array:
                var items = new string[reader.ReadArrayHeader()];
                for (int i = 0; i < items.Length; i++)
                {
                    items[i] = Tell(ref reader);
                }

                return "[" + string.Join(' ', items) + "]";
            default:
                var pairs = new string[reader.ReadMapHeader()];
                for (int i = 0; i < pairs.Length; i++)
                {
                    string key = Tell(ref reader);
                    pairs[i] = key + "=" + Tell(ref reader);
                }

                return "{" + string.Join(' ', pairs) + "}";
        }
    }
}
