using System.Text;
using KVCluster.Inference;

namespace KVCluster.Silo.Hosting;

/// <summary>Reads and writes files a user named.</summary>
internal static class TextFiles
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a UTF-8 file.</summary>
    /// <exception cref="InputException">It cannot be read, is not UTF-8, or holds nothing but white space.</exception>
    public static string Read(string path, string what)
    {
        string text;
        try
        {
            text = s_strict.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: the {what} is not UTF-8 text", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such {what}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: the {what} cannot be read: {e.Message}", e);
        }

        return string.IsNullOrWhiteSpace(text) ? throw new InputException($"{path}: the {what} is empty") : text;
    }

    /// <summary>Writes a file, in place of one that is there.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string path, byte[] content)
    {
        try
        {
            File.WriteAllBytes(path, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: the file cannot be written: {e.Message}", e);
        }
    }
}
