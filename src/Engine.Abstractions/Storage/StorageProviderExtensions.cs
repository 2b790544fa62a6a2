using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Providers;
using Orleans.Storage;

namespace Orleans.Providers
{
    /// <summary>Names of providers.</summary>
    public static class ProviderConstants
    {
        /// <summary>The name of the storage that states use which name none.</summary>
        public const string DEFAULT_STORAGE_PROVIDER_NAME = "Default";
    }
}

namespace Orleans.Runtime.Hosting
{
    /// <summary>Registers grain storages.</summary>
    public static class StorageProviderExtensions
    {
        /// <summary>Adds a storage by name.</summary>
        public static IServiceCollection AddGrainStorage<T>(
            this IServiceCollection collection, string name, Func<IServiceProvider, string, T> implementationFactory)
            where T : IGrainStorage
        {
            collection.AddKeyedSingleton<IGrainStorage>(name, (services, key) => implementationFactory(services, (string)key!));
            if (name == ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
            {
                collection.TryAddSingleton(services => services.GetRequiredKeyedService<IGrainStorage>(name));
            }

            return collection;
        }
    }
}
