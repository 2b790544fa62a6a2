using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KVCluster.Inference;

namespace KVCluster.Silo.Gateway;

/// <summary>
/// The server's TLS certificate from PEM files. Changed files are taken over within a minute and without a restart; ones that cannot be read
/// leave the last good certificate in force.
/// </summary>
internal sealed class ServerCertificate
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private readonly string _certificate;
    private readonly string _key;
    private readonly TimeProvider _time;
    private readonly Action<string> _complain;
    private readonly Lock _gate = new();
    private SslStreamCertificateContext _current;
    private (DateTime, DateTime) _written;
    private long _looked;

    /// <param name="certificate">PEM file of the certificate, those that signed it after it.</param>
    /// <param name="key">PEM file of its private key; empty: in the same file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="complain">Told when changed files cannot be read.</param>
    /// <exception cref="InputException">The files cannot be read.</exception>
    public ServerCertificate(string certificate, string key, TimeProvider time, Action<string> complain)
    {
        _certificate = certificate;
        _key = key.Length > 0 ? key : certificate;
        _time = time;
        _complain = complain;
        _written = Written();
        _looked = time.GetTimestamp();
        _current = Read();
    }

    /// <summary>The certificate in force and those that signed it.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            Refresh();
            return Volatile.Read(ref _current);
        }
    }

    private void Refresh()
    {
        // One connection looks, the others go on with what is known.
        if (_time.GetElapsedTime(Volatile.Read(ref _looked)) < LookEvery || !_gate.TryEnter())
        {
            return;
        }

        try
        {
            Volatile.Write(ref _looked, _time.GetTimestamp());
            (DateTime, DateTime) written = Written();
            if (written != _written)
            {
                _written = written;
                Volatile.Write(ref _current, Read());
            }
        }
        catch (InputException e)
        {
            _complain(e.Message);
        }
        finally
        {
            _gate.Exit();
        }
    }

    private (DateTime, DateTime) Written() => (File.GetLastWriteTimeUtc(_certificate), File.GetLastWriteTimeUtc(_key));

    private SslStreamCertificateContext Read()
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(_certificate, _key);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_certificate);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new InputException($"the TLS certificate {_certificate} with the key {_key} cannot be read: {e.Message}");
        }
    }
}
