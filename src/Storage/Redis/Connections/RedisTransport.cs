using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KVCluster.Inference;

namespace KVCluster.Storage.Redis.Connections;

/// <summary>Opens the stream to a server: TCP, and TLS over it where asked.</summary>
internal static class RedisTransport
{
    /// <summary>Connects; a failure says which server and what was wrong.</summary>
    /// <exception cref="RedisUnavailableException">It cannot be reached, or cannot prove who it is.</exception>
    /// <exception cref="InputException">A certificate file cannot be read.</exception>
    public static async Task<Stream> OpenAsync(RedisEndpoint endpoint, RedisTlsOptions? tls, CancellationToken cancellationToken)
    {
        SslClientAuthenticationOptions? authentication = tls is null ? null : Authentication(endpoint, tls);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new RedisUnavailableException($"Redis at {endpoint} cannot be reached: {error.Message}", error) { NotSent = true };
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var plain = new NetworkStream(socket, ownsSocket: true);
        return authentication is null ? plain : await SecureAsync(endpoint, plain, authentication, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<Stream> SecureAsync(
        RedisEndpoint endpoint, NetworkStream plain, SslClientAuthenticationOptions authentication, CancellationToken cancellationToken)
    {
        var secure = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await secure.AuthenticateAsClientAsync(authentication, cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new RedisUnavailableException($"Redis at {endpoint}: no TLS connection: {error.Message}", error) { NotSent = true };
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static SslClientAuthenticationOptions Authentication(RedisEndpoint endpoint, RedisTlsOptions tls)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = tls.ServerName ?? endpoint.Host };
        if (tls.AuthorityFile is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            Read(tls.AuthorityFile, () => policy.CustomTrustStore.ImportFromPemFile(tls.AuthorityFile));
            options.CertificateChainPolicy = policy;
        }

        if (tls.CertificateFile is not null)
        {
            X509Certificate2? certificate = null;
            Read(tls.CertificateFile, () => certificate = X509Certificate2.CreateFromPemFile(tls.CertificateFile, tls.KeyFile));
            options.ClientCertificates = [certificate!];
        }

        return options;
    }

    private static void Read(string file, Action read)
    {
        try
        {
            read();
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"the certificate file {file} cannot be used: {error.Message}", error);
        }
    }
}
