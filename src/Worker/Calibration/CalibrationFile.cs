using System.Reflection;
using System.Text.Json;
using KVCluster.Inference;

namespace KVCluster.Worker.Calibration;

/// <summary>A calibration on disk: one small JSON that names its model.</summary>
public static class CalibrationFile
{
    /// <summary>What the file says it is.</summary>
    public const string Format = "kvcluster-calibration";

    /// <summary>Raised when the same fields come to mean something else, or fields are added.</summary>
    public const int Version = 1;

    private const long MostBytes = 64 << 20;

    /// <summary>Where a model's calibration lies by itself: in its folder, or beside its file.</summary>
    public static string DefaultPath(string modelPath) =>
        Directory.Exists(modelPath) ? Path.Combine(modelPath, "calibration.json") : modelPath + ".calibration.json";

    /// <summary>The file that serves a model: the one named, else the one at its default path where there is one, else null.</summary>
    public static string? Find(string modelPath, string? named) =>
        named ?? (File.Exists(DefaultPath(modelPath)) ? DefaultPath(modelPath) : null);

    /// <summary>Reads a file and checks it against the model it is to serve.</summary>
    /// <exception cref="InputException">It is not there, broken, of another version, or another model's; the message names it.</exception>
    public static ModelCalibration Load(string path, string expectedFingerprint)
    {
        ModelCalibration calibration = Read(path);
        if (calibration.Model.Fingerprint != expectedFingerprint)
        {
            throw new InputException(
                $"{path}: the calibration is of another model ({calibration.Model.Name}, fingerprint {Short(calibration.Model.Fingerprint)}, "
                + $"not {Short(expectedFingerprint)}); make one with 'kvcluster calibrate'");
        }

        return calibration;
    }

    /// <summary>Finds out before the work whether a calibration can be written there.</summary>
    /// <exception cref="InputException">There is no such folder, it cannot be written, or something else lies there.</exception>
    public static void RequireWritable(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            throw new InputException($"{path}: a calibration cannot be written there, it is a folder");
        }

        if (File.Exists(path) && !IsCalibration(path))
        {
            throw new InputException($"{path}: there is a file that is no calibration; it is left as it is");
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new InputException($"{path}: the calibration cannot be written, there is no folder {folder}");
        }

        string probe = Temporary(path);
        Guard(path, () => File.WriteAllBytes(probe, []));
        File.Delete(probe);
    }

    /// <summary>Writes a file in one step, over an older calibration.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Save(string path, ModelCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(calibration);
        CalibrationDocument document = new(Format, Version, ProgramVersion(), calibration);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(document, CalibrationJson.Default.CalibrationDocument);
        string temporary = Temporary(path);
        Guard(path, () =>
        {
            try
            {
                File.WriteAllBytes(temporary, [.. json, (byte)'\n']);
                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        });
    }

    private static ModelCalibration Read(string path)
    {
        byte[] bytes = ReadBytes(path);
        (string? format, int? version) = Head(path, bytes);
        if (format != Format)
        {
            throw new InputException($"{path}: the file is no calibration");
        }

        if (version != Version)
        {
            throw new InputException(
                $"{path}: the calibration has version {version?.ToString() ?? "none"}, this program reads {Version}; make one with 'kvcluster calibrate'");
        }

        try
        {
            ModelCalibration calibration = JsonSerializer.Deserialize(bytes, CalibrationJson.Default.CalibrationDocument)!.Calibration;
            CalibrationCheck.Validate(calibration);
            return calibration;
        }
        catch (Exception e) when (e is JsonException or InputException)
        {
            throw new InputException($"{path}: the calibration is broken: {e.Message}", e);
        }
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Length <= MostBytes
                ? File.ReadAllBytes(path)
                : throw new InputException($"{path}: the file is no calibration, it has {file.Length} bytes");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such calibration; make one with 'kvcluster calibrate'", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"{path}: the calibration cannot be read: {e.Message}", e);
        }
    }

    private static (string? Format, int? Version) Head(string path, byte[] bytes)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes);
            JsonElement root = json.RootElement;
            bool marked = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("format", out JsonElement format)
                && format.ValueKind == JsonValueKind.String && format.ValueEquals(Format);
            int? version = marked && root.TryGetProperty("version", out JsonElement number) && number.ValueKind == JsonValueKind.Number
                && number.TryGetInt32(out int value) ? value : null;
            return (marked ? Format : null, version);
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: the calibration is broken: {e.Message}", e);
        }
    }

    private static bool IsCalibration(string path)
    {
        try
        {
            return Head(path, ReadBytes(path)).Format == Format;
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static void Guard(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: the calibration cannot be written: {e.Message}", e);
        }
    }

    private static string Temporary(string path) => $"{path}.{Environment.ProcessId}.partial";

    private static string Short(string fingerprint) => fingerprint.Length > 12 ? fingerprint[..12] : fingerprint;

    private static string ProgramVersion() =>
        typeof(CalibrationFile).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
}
