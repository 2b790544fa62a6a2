using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Running;

/// <summary>
/// Outcomes as they come, one JSON object a line behind a header line, so that a run can be taken up where it ended. A last line that was
/// not finished (the process was killed) is dropped; any other fault is the file's, and an error.
/// </summary>
public sealed class OutcomeLog : IDisposable
{
    private readonly Dictionary<(string Sample, EvaluationProtocol Protocol, string Policy, double Ratio), Outcome> _outcomes = [];
    private readonly FileStream? _file;

    /// <summary>A log in memory only.</summary>
    public OutcomeLog()
    {
    }

    private OutcomeLog(FileStream file)
    {
        _file = file;
    }

    /// <summary>How many outcomes there are.</summary>
    public int Count => _outcomes.Count;

    /// <summary>Opens or makes a log file, alone among all processes.</summary>
    /// <exception cref="InputException">
    /// It cannot be opened, is no such log, was measured with another model or cache, or has a broken line (the message has its number).
    /// </exception>
    public static OutcomeLog Open(string path, OutcomeHeader header)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(header);
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var log = new OutcomeLog(file);
            log.Load(path, header);
            return log;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new InputException($"cannot open the results {path}: {e.Message}", e);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>An outcome, or null.</summary>
    public Outcome? Find(string sample, EvaluationProtocol protocol, string policy, double ratio) =>
        _outcomes.GetValueOrDefault((sample, protocol, policy, ratio));

    /// <summary>Adds an outcome and writes it out.</summary>
    public void Add(Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        _outcomes[Key(outcome)] = outcome;
        Write(outcome, OutcomeJson.Default.Outcome);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file?.Dispose();

    private static (string, EvaluationProtocol, string, double) Key(Outcome o) => (o.Sample, o.Protocol, o.Policy, o.Ratio);

    private void Load(string path, OutcomeHeader header)
    {
        byte[] bytes = new byte[_file!.Length];
        _file.ReadExactly(bytes);
        int end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        if (bytes.Length == 0)
        {
            Write(header, OutcomeJson.Default.OutcomeHeader);
            return;
        }

        string[] lines = Encoding.UTF8.GetString(bytes, 0, end).Split('\n');
        CheckHeader(path, lines[0], header);
        for (int i = 1; i < lines.Length - 1; i++)
        {
            Outcome outcome = Parse(lines[i], OutcomeJson.Default.Outcome)
                ?? throw new InputException($"{path}, line {i + 1}: not an outcome of an evaluation");
            _outcomes[Key(outcome)] = outcome;
        }

        _file.SetLength(end);
        _file.Position = end;
    }

    private static void CheckHeader(string path, string line, OutcomeHeader header)
    {
        OutcomeHeader found = Parse(line, OutcomeJson.Default.OutcomeHeader)
            ?? throw new InputException($"{path} holds something that is not the results of an evaluation; it is left as it is");
        if (found != header)
        {
            throw new InputException($"{path} holds results of another model or cache: {Describe(found)}; this is {Describe(header)}");
        }
    }

    private static string Describe(OutcomeHeader header) => $"model {header.Model}, {header.Kv} in pages of {header.PageTokens} tokens";

    private static T? Parse<T>(string line, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Write<T>(T value, JsonTypeInfo<T> type)
    {
        if (_file is not null)
        {
            _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(value, type), (byte)'\n']);
            _file.Flush();
        }
    }
}
