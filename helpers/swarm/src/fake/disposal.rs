//! Images and the cache of builds in memory.

use super::Fake;
use crate::{BuildCache, Disposal, LocalImage, Result};

impl Disposal for Fake {
    async fn local_images(&self) -> Result<Vec<LocalImage>> {
        Ok(self.images.borrow().clone())
    }

    async fn images_in_use(&self) -> Result<Vec<String>> {
        Ok(self.services.borrow().iter().map(|service| service.image.clone()).collect())
    }

    async fn build_cache(&self) -> Result<BuildCache> {
        Ok(*self.cache.borrow())
    }

    async fn layer_bytes(&self) -> Result<Option<u64>> {
        Ok(Some(self.images.borrow().iter().map(|image| image.bytes).sum()))
    }

    async fn remove_image(&self, image: &LocalImage) -> Result<bool> {
        self.call(format!("remove image {}", image.name()));
        let used = self.services.borrow().iter().any(|service| image.tags.contains(&service.image));
        if !used {
            self.images.borrow_mut().retain(|own| own.id != image.id);
        }
        Ok(!used)
    }

    async fn prune_build_cache(&self, unused_hours: u64) -> Result<u64> {
        self.call(format!("prune the cache of builds, unused for {unused_hours} h"));
        Ok(self.cache.replace(BuildCache::default()).bytes)
    }
}
