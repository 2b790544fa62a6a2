using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using KVCluster.Inference.Models;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

/// <summary>
/// Small valid models with bytes of their headers changed: what comes out is a clear error or a model that can be read to the end; never
/// another exception, a hang, memory out of proportion to the file, or a file left open.
/// </summary>
public sealed partial class ModelFuzzTests
{
    private const int Rounds = 2000;

    // A key of a few bytes becomes a string, a box and a dictionary entry; JSON and error messages have a fixed cost.
    private const int BytesPerFileByte = 16;
    private const int FixedBytes = 256 * 1024;

    private static readonly ulong[] _interesting =
    [
        0, 1, 7, 31, 32, 255, 256, 65535, int.MaxValue, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue,
        ulong.MaxValue - 31,
    ];

    private static readonly string[] _values =
    [
        "0", "-1", "1", "2", "1e400", "2147483647", "4294967296", "9223372036854775807", "1e9", "0.5", "null", "true", "\"x\"", "[]",
        "{}", "[1,2]", "\"\\ud800\"",
    ];

    [Theory]
    [InlineData(1, GgufBuilder.F32)]
    [InlineData(2, GgufBuilder.Q8_0)]
    public void Gguf_header(int seed, uint type)
    {
        GgufBuilder builder = TinyModels.Gguf(matrixType: type);
        byte[] valid = builder.Build();
        using TemporaryFolder folder = new();
        Random random = new(seed);
        int opened = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] file = Mutate(valid, builder.HeaderLength, random);
            string path = folder.Write("m.gguf", file);
            opened += Opens(path, file.Length, $"seed {seed}, round {round}") ? 1 : 0;
        }

        AssertBothHappened(opened, folder);
    }

    [Fact]
    public void Safetensors_header_bytes()
    {
        byte[] valid = TinyModels.Safetensors().Build();
        int header = 8 + BitConverter.ToInt32(valid);
        FuzzFolder(3, "model.safetensors", random => Mutate(valid, header, random));
    }

    [Fact]
    public void Safetensors_header_values()
    {
        SafetensorsBuilder builder = TinyModels.Safetensors();
        FuzzFolder(4, "model.safetensors", random => builder.Build(ReplaceValue(builder.Header.ToJsonString(), random)));
    }

    [Fact]
    public void Configuration_bytes()
    {
        byte[] valid = Encoding.UTF8.GetBytes(TinyModels.Config().ToJsonString());
        FuzzFolder(5, "config.json", random => Mutate(valid, valid.Length, random));
    }

    [Fact]
    public void Configuration_values()
    {
        string valid = TinyModels.Config().ToJsonString();
        FuzzFolder(6, "config.json", random => Encoding.UTF8.GetBytes(ReplaceValue(valid, random)));
    }

    private static void FuzzFolder(int seed, string name, Func<Random, byte[]> mutated)
    {
        using TemporaryFolder folder = new();
        TinyModels.Write(folder, TinyModels.Config(), TinyModels.Safetensors());
        long others = Directory.EnumerateFiles(folder.Path).Where(f => Path.GetFileName(f) != name).Sum(f => new FileInfo(f).Length);
        Random random = new(seed);
        int opened = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] file = mutated(random);
            folder.Write(name, file);
            opened += Opens(folder.Path, file.Length + others, $"seed {seed}, round {round}") ? 1 : 0;
        }

        AssertBothHappened(opened, folder);
    }

    /// <summary>Otherwise the mutations were too wild or too tame to say anything.</summary>
    private static void AssertBothHappened(int opened, TemporaryFolder folder)
    {
        Assert.InRange(opened, 1, Rounds - 1);
        if (OperatingSystem.IsLinux())
        {
            Assert.DoesNotContain(folder.Path, File.ReadAllText("/proc/self/maps"));
        }
    }

    private static bool Opens(string path, long fileBytes, string which)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        try
        {
            using LoadedModel model = ModelLoader.Open(path);
            ReadToTheEnd(model);
            return true;
        }
        catch (ModelFormatException)
        {
            return false;
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"{which}: {e}");
        }
        finally
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= (BytesPerFileByte * fileBytes) + FixedBytes, $"{which}: {allocated} bytes for a file of {fileBytes}");
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), $"{which}: a hang");
        }
    }

    private static void ReadToTheEnd(LoadedModel model)
    {
        WeightMatrix[] matrices =
        [
            model.Weights.Embedding, model.Weights.Output,
            .. model.Weights.Layers.SelectMany(l => new[] { l.Query, l.Key, l.Value, l.AttentionOutput, l.Gate, l.Up, l.Down }),
        ];
        float[] row = new float[matrices.Max(m => m.Columns)];
        foreach (WeightMatrix matrix in matrices)
        {
            for (int i = 0; i < matrix.Rows; i++)
            {
                matrix.DequantizeRow(i, row);
            }
        }
    }

    private static byte[] Mutate(byte[] valid, int header, Random random)
    {
        byte[] file = [.. valid];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(header);
            switch (random.Next(5))
            {
                case 0:
                    file[at] = (byte)random.Next(256);
                    break;
                case 1:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    ulong value = _interesting[random.Next(_interesting.Length)];
                    BitConverter.GetBytes(value).AsSpan(0, Math.Min(8, file.Length - at)).CopyTo(file.AsSpan(at));
                    break;
                case 3:
                    int from = random.Next(header);
                    int length = random.Next(1, 1 + Math.Min(16, header - Math.Max(from, at)));
                    file.AsSpan(from, length).ToArray().CopyTo(file, at);
                    break;
                default:
                    if (random.Next(4) == 0)
                    {
                        return file[..random.Next(file.Length)];
                    }

                    file[at] = (byte)' ';
                    break;
            }
        }

        return file;
    }

    /// <summary>Another JSON value in the place of one number, string or flag; now and then only a space more, which is allowed.</summary>
    private static string ReplaceValue(string json, Random random)
    {
        MatchCollection places = Values().Matches(json);
        Match place = places[random.Next(places.Count)];
        int choice = random.Next(_values.Length + 1);
        return json[..place.Index] + (choice < _values.Length ? _values[choice] : " " + place.Value) + json[(place.Index + place.Length)..];
    }

    [GeneratedRegex("(?<=[:,\\[])(-?[0-9.eE+-]+|true|false|null|\"[^\"]*\"(?!:))")]
    private static partial Regex Values();
}
